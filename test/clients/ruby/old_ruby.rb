# What the specs lack on today's Ruby and RSpec, and an end for one that hangs.
require 'rspec'
require 'rspec/its'
require 'timeout'
require 'uri'

TEST_TIMEOUT_SECONDS = 20

RSpec.configure do |config|
  config.around { |example| Timeout.timeout(TEST_TIMEOUT_SECONDS) { example.run } }
end

# As RSpec 2 called it.
RSpec::Core::Configuration.class_eval do
  alias_method :color_enabled=, :color=
end

# Ruby 3 took it away.
def URI.encode(text) = URI::DEFAULT_PARSER.escape(text)
