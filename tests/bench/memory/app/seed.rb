# Makes the database: the same rows each time.
require_relative "application"

AUTHORS = 300
BOOKS = 3000
REVIEWS = 9000
RANDOM = Random.new(1)
SYLLABLES = %w[an ber cor dal es fin gor hal im jun kel lor mon ner os pel qui ran sol tur ul ven wil yor zan].freeze
WORDS = Array.new(800) { Array.new(RANDOM.rand(1..4)) { SYLLABLES.sample(random: RANDOM) }.join }.freeze

def words(count) = Array.new(count) { WORDS.sample(random: RANDOM) }.join(" ")

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table(:authors) { |t| t.string :name, null: false }
  create_table(:books) do |t|
    t.references :author, null: false
    t.string :title, :isbn, null: false
    t.text :summary, null: false
    t.decimal :price, precision: 8, scale: 2, null: false
    t.date :published_on, null: false
  end
  create_table(:reviews) do |t|
    t.references :book, null: false
    t.integer :rating, null: false
    t.text :body, null: false
  end
  create_table(:imports) do |t|
    t.integer :rows, null: false
    t.decimal :total, null: false
    t.text :sample, null: false
  end
end

ActiveRecord::Base.connection.execute("PRAGMA journal_mode = WAL")
authors = Array.new(AUTHORS) { { name: words(2).titleize } }
books = Array.new(BOOKS) do
  { author_id: RANDOM.rand(1..AUTHORS), title: words(RANDOM.rand(1..7)).capitalize,
    isbn: format("%013d", RANDOM.rand(10**13)), summary: words(RANDOM.rand(20..200)),
    price: RANDOM.rand(300..9000) / 100.0, published_on: Date.new(1950) + RANDOM.rand(25_000) }
end
reviews = Array.new(REVIEWS) do
  { book_id: RANDOM.rand(1..BOOKS), rating: RANDOM.rand(1..5), body: words(RANDOM.rand(3..120)) }
end
{ Author => authors, Book => books, Review => reviews }.each do |model, rows|
  rows.each_slice(500) { |slice| model.insert_all!(slice) }
end
ActiveRecord::Base.connection_pool.disconnect!
