# As a small production server is set up. It listens on the socket that it was started with.
workers 2
threads 5, 5
preload_app!
wait_for_less_busy_worker
bind_to_activated_sockets "only"
environment "production"
rackup File.expand_path("config.ru", __dir__)
before_fork { ActiveRecord::Base.connection_pool.disconnect! }
