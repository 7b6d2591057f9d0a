# Measures the coverage of the client; nobody asks for it here.
module SingleCov
  module_function

  def setup(*) = nil
  def covered!(**) = nil
  def not_covered!(**) = nil
end
