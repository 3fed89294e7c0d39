"""Where images and labels come from: published sets, the built-in one, a folder of files; and distortion."""
