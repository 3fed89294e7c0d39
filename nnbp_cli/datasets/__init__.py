"""Where images and labels come from: published sets, the built-in one, or a folder of files."""
