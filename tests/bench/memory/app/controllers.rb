require "csv"

# What a client sends an id or a page number for may be any number: it wraps around.
class ApplicationController < ActionController::Base
  skip_forgery_protection

  private

  def number(name = :id) = params.fetch(name, 0).to_i
  def any_book = Book.find(1 + number % Book.count)
  def any_page = Book.page(number(:page) % (Book.count / Book::PER_PAGE))
end

class ApiController < ApplicationController
  def index
    render json: any_page.map(&:card)
  end

  def show
    book = any_book
    render json: book.card.merge(summary: book.summary, ratings: book.reviews.pluck(:rating))
  end
end

class BooksController < ApplicationController
  def index
    @books = any_page
  end

  def show
    @book = any_book
    @reviews = @book.reviews.order(:id)
  end
end

# How often each word is used in a slice of all reviews.
class ReportsController < ApplicationController
  def show
    reviews = Review.where("id % 10 = ?", number % 10)
    words = reviews.flat_map { |review| review.body.downcase.scan(/\w+/) }
    @words = words.tally.sort_by { |word, count| [-count, word] }
    @lines = reviews.map { |review| "#{review.id}: #{review.body.truncate(60)} (#{review.rating})" }
  end
end

class ExportsController < ApplicationController
  def show
    books = Book.includes(:author, :reviews).where("books.id % 4 = ?", number % 4)
    respond_to do |format|
      format.json { render json: books.map { |book| book.card.merge(reviews: book.reviews.as_json) } }
      format.csv { send_data csv(books), type: "text/csv" }
    end
  end

  private

  def csv(books)
    CSV.generate do |table|
      books.each do |book|
        book.reviews.each { |review| table << [*book.card.values, review.rating, review.body] }
      end
    end
  end
end

class ImportsController < ApplicationController
  def create
    rows = CSV.parse(params.require(:file).read, headers: true).map(&:to_h)
    total = rows.sum { |row| Float(row["price"]) }
    Import.record(rows: rows.size, total: total, sample: rows.first(5).to_json)
    render json: { rows: rows.size, total: total }
  end
end
