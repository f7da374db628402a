from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index

from example.blocks import BodyBlock


class HomePage(Page):
    """The front page: a greeting, some content and the latest posts."""

    introduction = models.TextField(blank=True, help_text="Below the title, in large letters.")
    picture = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    body = StreamField(BodyBlock(), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("introduction"), FieldPanel("picture"), FieldPanel("body")]
    search_fields = [*Page.search_fields, index.SearchField("introduction"), index.SearchField("body")]
    max_count = 1

    def get_context(self, request, *arguments, **options):
        from blog.models import BlogPage

        context = super().get_context(request, *arguments, **options)
        context["latest"] = BlogPage.objects.live().descendant_of(self).order_by("-date", "-pk")[:3]
        return context


class StandardPage(Page):
    """About us, contact, and the like."""

    introduction = models.TextField(blank=True)
    body = StreamField(BodyBlock(), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("introduction"), FieldPanel("body")]
    search_fields = [*Page.search_fields, index.SearchField("introduction"), index.SearchField("body")]
