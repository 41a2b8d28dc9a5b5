class Author < ActiveRecord::Base
  has_many :books
end

class Book < ActiveRecord::Base
  belongs_to :author
  has_many :reviews

  PER_PAGE = 150

  scope :page, ->(number) { includes(:author).order(:id).offset(number * PER_PAGE).limit(PER_PAGE) }

  def card
    { id: id, title: title, isbn: isbn, price: price.to_f, published_on: published_on, author: author.name }
  end
end

class Review < ActiveRecord::Base
  belongs_to :book
end

class Import < ActiveRecord::Base
  # sqlite's wait for a lock lets no other thread run, not even the one that has the lock.
  WRITING = Mutex.new

  def self.record(...) = WRITING.synchronize { create!(...) }
end
