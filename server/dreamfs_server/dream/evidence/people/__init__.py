"""What people say: what they ask for again and again, alerts that come again and what people found."""
