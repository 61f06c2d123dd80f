"""From archives of permissively licensed music to an encoded data set."""
