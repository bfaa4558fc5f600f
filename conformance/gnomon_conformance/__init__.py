"""The suite that decides whether a backend of gnomon tells the truth."""
