"""What a run leaves on disk: journal, results tree and the reader of both."""
