# A Rails application as it runs in production, in little: a bookshop on sqlite, with a JSON
# API, pages, reports, exports and imports. DATABASE_URL names its file.
require "action_controller/railtie"
require "active_record/railtie"

class Bookshop < Rails::Application
  config.load_defaults 6.1
  config.root = __dir__
  config.eager_load = true
  config.cache_classes = true
  config.consider_all_requests_local = false
  config.secret_key_base = "not a secret: nothing is signed for anyone"
  config.logger = ActiveSupport::Logger.new($stderr)
  config.log_level = :warn
  config.paths["app/views"] = "views"

  routes.append do
    scope "api" do
      resources :books, only: %i[index show], controller: "api"
    end
    resources :books, only: %i[index show]
    resources :reports, only: :show
    resources :exports, only: :show
    resources :imports, only: :create
  end
end

# Only now: what a class inherits is as configured.
Bookshop.initialize!
require_relative "models"
require_relative "controllers"
