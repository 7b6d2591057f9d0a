# Measures the coverage of the client; nobody asks for it here.
