"""How good a network is: its score on images, its predictions, and whether it is as good as it is sure."""
