"""Driver for flash-lamp Q-switched Nd:YAG lasers, Big Sky / Quantel BSS family."""
