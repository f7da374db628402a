"""What a Django site needs to know of itself when Reeve hosts it. Start at :mod:`reeve_django.site`."""
