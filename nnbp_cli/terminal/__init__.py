"""What is shown, in a terminal or where none is: remarks and results, bars, pictures and curves as text."""
