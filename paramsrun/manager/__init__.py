"""The run: its events, the state that they fold into, and the loop that makes them."""
