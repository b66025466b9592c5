"""One module per table: its rows and the functions that read and write them."""
