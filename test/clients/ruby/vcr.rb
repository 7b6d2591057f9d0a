# Played back the answers of a daemon of the time. Here each request goes to the engine.
module VCR
  def self.configure(*) = nil
end
