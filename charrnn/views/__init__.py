"""What people look at: learning curves and words; the only room with Matplotlib."""
