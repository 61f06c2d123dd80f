"""How good the music is: metrics over `Music`, and pictures of it. Knows no networks."""
