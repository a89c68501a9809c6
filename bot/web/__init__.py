"""The web server's routes and pages: health, metrics, webhooks, the shop's orders, the chat and the playground."""
