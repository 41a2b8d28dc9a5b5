require_relative "application"
run Bookshop
