"""The only room that builds or rewrites a model; everything here needs torch."""
