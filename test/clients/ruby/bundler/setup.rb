# The specs ask for Bundler: Debian's packages are in Ruby's path already.
