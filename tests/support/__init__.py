"""What several test folders share: types of fixtures, and makers of small things."""
