/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours: GitHub's neutral greys; state colours that differ in lightness as well as in hue, so that
 * they can be told apart without seeing colours, and VOLATILE and "not told" are hatched besides.
 */
#include "audit/svg.h"

struct shade {
	const char *classes, *property, *light, *dark;
};

/* Plain values and a second set for dark mode: viewers that know no variables show the first one. */
static const struct shade shades[] = {
	{"text", "fill", "#1f2328", "#e6edf3"},      {".soft", "fill", "#59636e", "#9198a1"},
	{".paper", "fill", "#ffffff", "#0d1117"},    {".zone", "fill", "#f6f8fa", "#151b23"},
	{".grid", "stroke", "#d1d9e0", "#2a313a"},   {".axis", "stroke", "#59636e", "#9198a1"},
	{".lead", "stroke", "#818b98", "#656c76"},   {".mark", "stroke", "#cf222e", "#f85149"},
	{".BIRTH", "fill", "#afb8c1", "#656c76"},    {".ATTACHED", "fill", "#1f883d", "#238636"},
	{".VOLATILE", "fill", "#eac54f", "#d29922"}, {".RECOVERING", "fill", "#0969da", "#388bfd"},
	{".DEGRADED", "fill", "#cf222e", "#da3633"}, {".nottold", "fill", "#c8a8f0", "#6e40c9"},
	{".unbound", "fill", "#cf222e", "#f85149"},  {".b0", "fill", "#4453b8", "#7c89f0"},
	{".b1", "fill", "#0e7490", "#2a9fb5"},       {".b2", "fill", "#9a3f96", "#c56fc0"},
	{".b3", "fill", "#8a5a12", "#b98a3e"},       {".bar", "fill", "#0969da", "#388bfd"},
	{".s", "fill", "#8250df", "#ab7df8"},        {".l", "fill", "#8250df", "#ab7df8"},
	{".d", "fill", "#cf222e", "#f85149"},        {".n", "fill", "#59636e", "#9198a1"},
	{".m", "fill", "#1f2328", "#e6edf3"},        {".inbadge", "fill", "#ffffff", "#0d1117"},
};

static const char fixed[] =
	".jv text{font:12px -apple-system,'Segoe UI','Noto Sans','DejaVu Sans',Helvetica,Arial,"
	"sans-serif}\n"
	".jv .big{font-size:16px;font-weight:600}\n"
	".jv .strong{font-weight:600}\n"
	".jv .small{font-size:11px}\n"
	".jv .tiny{font-size:10px}\n"
	".jv .middle{text-anchor:middle}\n"
	".jv .end{text-anchor:end}\n"
	".jv .onband{fill:#ffffff;font-size:11px}\n"
	".jv .onlight{fill:#1f2328;font-size:11px}\n"
	".jv .standby{opacity:.4}\n"
	".jv .inbadge{font-size:10px;font-weight:600;text-anchor:middle}\n"
	".jv .lead{stroke-dasharray:2 2}\n"
	".jv .mark{stroke-dasharray:4 3}\n";

void jvpn_svg_escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			/* octets of UTF-8 are our own: lines are ASCII */
			fputc((unsigned char)*text < ' ' || *text == 127 ? '?' : *text, out);
		}
	}
}

void jvpn_svg_style(FILE *out)
{
	size_t count = sizeof(shades) / sizeof(shades[0]);

	for (size_t i = 0; i < count; i++)
		fprintf(out, ".jv %s{%s:%s}\n", shades[i].classes, shades[i].property,
			shades[i].light);
	fputs(fixed, out);
	fputs("@media(prefers-color-scheme:dark){\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, ".jv %s{%s:%s}\n", shades[i].classes, shades[i].property,
			shades[i].dark);
	/* the text on a band stays as it is */
	fputs(".jv .onband{fill:#ffffff}\n.jv .onlight{fill:#1f2328}\n}\n", out);
}

void jvpn_svg_begin(struct jvpn_svg *svg, FILE *out, const char *id,
		    const struct jvpn_svg_box *size)
{
	svg->out = out;
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"jv\" width=\"%.0f\" "
		"height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-labelledby=\"%st %sd\">\n",
		size->width, size->height, size->width, size->height, id, id);
}

void jvpn_svg_describe(struct jvpn_svg *svg, const char *id, const char *title,
		       const char *description)
{
	fprintf(svg->out, "<title id=\"%st\">", id);
	jvpn_svg_escape(svg->out, title);
	fprintf(svg->out, "</title>\n<desc id=\"%sd\">", id);
	jvpn_svg_escape(svg->out, description);
	fputs("</desc>\n", svg->out);
}

void jvpn_svg_end(struct jvpn_svg *svg)
{
	fputs("</svg>\n", svg->out);
}

/* The end of an element that may have a tip inside. */
static void end_tag(struct jvpn_svg *svg, const char *tag, const char *tip)
{
	if (!tip) {
		fputs("/>\n", svg->out);
		return;
	}
	fputs("><title>", svg->out);
	jvpn_svg_escape(svg->out, tip);
	fprintf(svg->out, "</title></%s>\n", tag);
}

void jvpn_svg_rect(struct jvpn_svg *svg, const char *class_name, const struct jvpn_svg_box *b,
		   const char *tip)
{
	fprintf(svg->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"",
		class_name, b->x, b->y, b->width, b->height);
	end_tag(svg, "rect", tip);
}

void jvpn_svg_line(struct jvpn_svg *svg, const char *class_name, const struct jvpn_svg_box *b)
{
	fprintf(svg->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		class_name, b->x, b->y, b->x + b->width, b->y + b->height);
}

void jvpn_svg_text(struct jvpn_svg *svg, const char *class_name, double x, double y,
		   const char *text)
{
	fprintf(svg->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class_name, x, y);
	jvpn_svg_escape(svg->out, text);
	fputs("</text>\n", svg->out);
}

void jvpn_svg_badge(struct jvpn_svg *svg, const char *class_name, const struct jvpn_svg_box *at,
		    const char *text, const char *tip)
{
	fprintf(svg->out, "<g><circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
		class_name, at->x, at->y, at->width);
	fprintf(svg->out, "<text class=\"inbadge\" x=\"%.1f\" y=\"%.1f\">", at->x, at->y + 3.5);
	jvpn_svg_escape(svg->out, text);
	fputs("</text>", svg->out);
	if (tip) {
		fputs("<title>", svg->out);
		jvpn_svg_escape(svg->out, tip);
		fputs("</title>", svg->out);
	}
	fputs("</g>\n", svg->out);
}
