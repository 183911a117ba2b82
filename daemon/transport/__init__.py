"""Where the music is: who leads, who follows, and one line of beats between them."""
