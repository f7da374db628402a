"""The blocks that every page's body is made of."""

from wagtail import blocks
from wagtail.embeds.blocks import EmbedBlock
from wagtail.images.blocks import ImageChooserBlock


class FigureBlock(blocks.StructBlock):
    image = ImageChooserBlock()
    caption = blocks.CharBlock(required=False)

    class Meta:
        icon = "image"
        template = "blocks/figure.html"


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock()
    source = blocks.CharBlock(required=False)

    class Meta:
        icon = "openquote"
        template = "blocks/quote.html"


class CardBlock(blocks.StructBlock):
    title = blocks.CharBlock()
    text = blocks.TextBlock()

    class Meta:
        icon = "form"


class BodyBlock(blocks.StreamBlock):
    heading = blocks.CharBlock(icon="title", template="blocks/heading.html")
    paragraph = blocks.RichTextBlock(features=["h3", "bold", "italic", "ol", "ul", "link", "document-link", "hr"])
    figure = FigureBlock()
    quote = QuoteBlock()
    cards = blocks.ListBlock(CardBlock(), icon="grip", template="blocks/cards.html")
    embed = EmbedBlock()
