"""What there is to draw of runs and networks, as plain values: a report draws them, and so does `plots`."""
