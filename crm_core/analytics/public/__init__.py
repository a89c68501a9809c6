"""What is said in public: how much, how it is meant, what stands out, and how competitors fare."""
