from django.core.paginator import Paginator
from django.shortcuts import render
from wagtail.models import Page, Site


def search(request):
    """Pages of this site that hold the words in ``?q=``."""
    query = request.GET.get("q", "").strip()[:200]
    found = []
    if query:
        root = Site.find_for_request(request).root_page
        found = Page.objects.live().public().descendant_of(root, inclusive=True).search(query)
    results = Paginator(found, 10).get_page(request.GET.get("page"))
    return render(request, "search/search.html", {"query": query, "results": results})
