from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from blog.models import BlogIndexPage, BlogPage
from home.models import HomePage, StandardPage
from reeve_django import site


class Command(BaseCommand):
    help = "Gives a new site its address and its first pages. Changes no page that an editor may have touched."

    def handle(self, *arguments, **options):
        call_command("reeve_created", stdout=self.stdout)
        with transaction.atomic():
            home = HomePage.objects.select_for_update().get()
            if home.latest_revision_id or home.get_children().exists():
                self.stdout.write("The site has its own pages already.")
                return
            greet(home)
        self.stdout.write("Made the first pages.")


def greet(home):
    """The first pages of a site, as an editor would have published them."""
    home.title = str(site.name)
    home.introduction = "A new site, ready for its first words and pictures."
    home.body = [
        ("heading", "Make it yours"),
        (
            "cards",
            [
                {"title": "Write", "text": "Edit this page in the admin: every part of it is a block that you can move."},
                {"title": "Show", "text": "Upload pictures in any size; visitors get the one that fits their screen."},
                {"title": "Publish", "text": "Drafts stay private until you publish them, now or at a set time."},
            ],
        ),
    ]
    publish(home)
    blog = BlogIndexPage(title="Blog", slug="blog", introduction="What is new.", show_in_menus=True)
    home.add_child(instance=blog)
    publish(blog)
    post = BlogPage(
        title=f"Hello from {site.name}",
        slug="hello",
        introduction="The first post, to be changed or removed.",
        body=[
            ("paragraph", "<p>This page came with the site. Its text, its pictures and its address belong to you.</p>"),
            ("quote", {"text": "Every site begins with one page.", "source": ""}),
        ],
    )
    blog.add_child(instance=post)
    publish(post)
    about = StandardPage(
        title="About",
        slug="about",
        introduction="Who is behind this site.",
        body=[("paragraph", "<p>Say a few words about yourself here.</p>")],
        show_in_menus=True,
    )
    home.add_child(instance=about)
    publish(about)


def publish(page):
    page.save_revision().publish()
