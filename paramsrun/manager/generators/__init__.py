"""Where an optimizer starts; one file per generator."""
