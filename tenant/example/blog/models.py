from django.core.paginator import Paginator
from django.db import models
from django.utils import timezone
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index

from example.blocks import BodyBlock


def today():
    return timezone.localdate()


class BlogIndexPage(Page):
    """All posts, the newest first."""

    introduction = models.TextField(blank=True)

    content_panels = [*Page.content_panels, FieldPanel("introduction")]
    subpage_types = ["blog.BlogPage"]

    def get_context(self, request, *arguments, **options):
        context = super().get_context(request, *arguments, **options)
        posts = BlogPage.objects.live().child_of(self).order_by("-date", "-pk")
        context["posts"] = Paginator(posts, 12).get_page(request.GET.get("page"))
        return context


class BlogPage(Page):
    """One post."""

    date = models.DateField(default=today)
    introduction = models.TextField(blank=True, help_text="Also shown where posts are listed.")
    picture = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    body = StreamField(BodyBlock(), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("date"),
        FieldPanel("introduction"),
        FieldPanel("picture"),
        FieldPanel("body"),
    ]
    search_fields = [
        *Page.search_fields,
        index.SearchField("introduction"),
        index.SearchField("body"),
        index.FilterField("date"),
    ]
    parent_page_types = ["blog.BlogIndexPage"]
    subpage_types = []
