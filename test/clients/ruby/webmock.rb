# Kept the specs from the network. They may go to the engine.
