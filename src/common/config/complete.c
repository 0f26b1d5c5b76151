/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The three scripts work alike: the words before the cursor name the command, an option that still waits
 * for its argument decides what is offered, else options, operands or commands are. In the fixed texts
 * '@' stands for the program's name as part of an identifier and '~' for the name itself.
 */
#include "config/complete.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

struct script {
	const struct jvpn_cli *cli;
	FILE *out;
	char id[32];
	/* How one option or command is offered. */
	void (*offer)(const struct script *s, const char *name, const char *help);
};

static void put(const struct script *s, const char *text)
{
	for (; *text; text++) {
		if (*text == '@')
			fputs(s->id, s->out);
		else if (*text == '~')
			fputs(s->cli->program, s->out);
		else
			fputc(*text, s->out);
	}
}

/* What to offer for an argument, by its name in the table. */
static const char *kind_of(const char *arg)
{
	if (strstr(arg, "FILE") || strcmp(arg, "OUTPUT") == 0 || strcmp(arg, "PATH") == 0)
		return "file";
	if (strstr(arg, "DIR"))
		return "dir";
	if (strstr(arg, "SHELL"))
		return "shell";
	if (strcmp(arg, "ID") == 0 || strcmp(arg, "[ID]") == 0)
		return "session";
	return "word";
}

static const struct jvpn_cli_command *command_at(const struct script *s, size_t i)
{
	return &s->cli->commands[i];
}

static const char *name_of(const struct jvpn_cli_command *c)
{
	return c->name ? c->name : "";
}

static bool is_repeated(const struct jvpn_cli_command *c)
{
	size_t len = c->operand ? strlen(c->operand) : 0;

	return len > 3 && strcmp(c->operand + len - 3, "...") == 0;
}

/* In single quotes for all three shells; fish escapes the quote itself. */
static void put_quoted(const struct script *s, const char *text, bool fish)
{
	fputc('\'', s->out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs(fish ? "\\'" : "'\\''", s->out);
		else if (*text == '\\' && fish)
			fputs("\\\\", s->out);
		else
			fputc(*text, s->out);
	}
	fputc('\'', s->out);
}

/* ---- bash and zsh: the same functions ---- */

/* Names of two words stand before others, so that the longest one wins. */
static void put_command_cases(const struct script *s)
{
	put(s, "_@_command()\n{\n\tcase $1 in\n");
	for (int two = 1; two >= 0; two--)
		for (size_t i = 1; i < s->cli->command_count; i++) {
			const char *name = command_at(s, i)->name;

			if ((strchr(name, ' ') != NULL) == two)
				fprintf(s->out, "\t'%s'|'%s '*) command='%s' ;;\n", name, name,
					name);
		}
	put(s, "\t*) command='' ;;\n\tesac\n}\n\n");
}

static void put_kind_cases(const struct script *s)
{
	put(s, "# the kind of an option's argument; '' for options without\n"
	       "_@_argument()\n{\n\tcase \"$command $1\" in\n");
	for (size_t i = 0; i < s->cli->command_count; i++) {
		const struct jvpn_cli_command *c = command_at(s, i);

		for (size_t k = 0; k < c->option_count; k++) {
			const struct jvpn_cli_option *o = &c->options[k];

			if (!o->arg)
				continue;
			fprintf(s->out, "\t'%s --%s'", name_of(c), o->name);
			if (o->letter <= 255)
				fprintf(s->out, "|'%s -%c'", name_of(c), o->letter);
			fprintf(s->out, ") wants=%s ;;\n", kind_of(o->arg));
		}
	}
	put(s, "\t*) wants='' ;;\n\tesac\n}\n\n");
	put(s,
	    "# what stands behind the command\n_@_operand()\n{\n\twants=''\n\tcase $command in\n");
	for (size_t i = 1; i < s->cli->command_count; i++) {
		const struct jvpn_cli_command *c = command_at(s, i);

		if (c->operand)
			fprintf(s->out, "\t'%s') %swants=%s ;;\n", c->name,
				is_repeated(c) ? "" : "[[ $line != \"$command\" ]] || ",
				kind_of(c->operand));
	}
	put(s, "\tesac\n}\n\n");
}

static void put_options(const struct script *s)
{
	put(s, "_@_options()\n{\n\tcase $command in\n");
	for (size_t i = 0; i < s->cli->command_count; i++) {
		const struct jvpn_cli_command *c = command_at(s, i);

		fprintf(s->out, "\t'%s')\n\t\tfound=(\n", name_of(c));
		for (size_t k = 0; k < c->option_count; k++) {
			const struct jvpn_cli_option *o = &c->options[k];
			char name[64];

			snprintf(name, sizeof(name), "--%.60s", o->name);
			s->offer(s, name, o->help);
			snprintf(name, sizeof(name), "-%c", o->letter <= 255 ? o->letter : '-');
			if (o->letter <= 255)
				s->offer(s, name, o->help);
		}
		put(s, "\t\t)\n\t\t;;\n");
	}
	put(s, "\tesac\n}\n\n");
}

static size_t first_word(const char *name)
{
	const char *blank = strchr(name, ' ');

	return blank ? (size_t)(blank - name) : strlen(name);
}

/* The first command that begins with the same word. */
static size_t first_like(const struct script *s, size_t i)
{
	const char *name = command_at(s, i)->name;
	size_t len = first_word(name), k = 1;

	while (first_word(command_at(s, k)->name) != len ||
	       strncmp(command_at(s, k)->name, name, len) != 0)
		k++;
	return k;
}

static void offer_first(const struct script *s, size_t i)
{
	const struct jvpn_cli_command *c = command_at(s, i);
	char first[64];

	snprintf(first, sizeof(first), "%.*s", (int)first_word(c->name), c->name);
	s->offer(s, first, strchr(c->name, ' ') ? "commands of two words" : c->help);
}

/* The first words of all commands, or the second ones behind one of them. */
static void put_words(const struct script *s)
{
	put(s, "_@_words()\n{\n\tcase $line in\n\t'')\n\t\tfound=(\n");
	for (size_t i = 1; i < s->cli->command_count; i++)
		if (first_like(s, i) == i)
			offer_first(s, i);
	put(s, "\t\t)\n\t\t;;\n");
	for (size_t i = 1; i < s->cli->command_count; i++) {
		const char *name = command_at(s, i)->name;

		if (first_like(s, i) != i || !strchr(name, ' '))
			continue;
		fprintf(s->out, "\t'%.*s')\n\t\tfound=(\n", (int)first_word(name), name);
		for (size_t k = i; k < s->cli->command_count; k++)
			if (first_like(s, k) == i)
				s->offer(s, strchr(command_at(s, k)->name, ' ') + 1,
					 command_at(s, k)->help);
		put(s, "\t\t)\n\t\t;;\n");
	}
	put(s, "\tesac\n}\n\n");
}

static void put_functions(const struct script *s)
{
	put_command_cases(s);
	put_kind_cases(s);
	put_options(s);
	put_words(s);
}

/* The ids of the sessions that the running program has, if it has any and we may ask. */
#define SESSIONS                                                                                   \
	"~ sessions --json 2>/dev/null | sed -n 's/.*\"session_id\":\"\\([0-9a-f]*\\)\".*/\\1/p'"

#define WALK                                                                                       \
	"		if [[ $word == '=' ]]; then\n"                                                          \
	"			continue\n"                                                                            \
	"		elif [[ -n $wants ]]; then\n"                                                           \
	"			wants=''\n"                                                                            \
	"		elif [[ $word == -* ]]; then\n"                                                         \
	"			_@_argument \"$word\"\n"                                                               \
	"		else\n"                                                                                 \
	"			line+=\"${line:+ }$word\"\n"                                                           \
	"			_@_command \"$line\"\n"                                                                \
	"		fi\n"

#define DECIDE                                                                                     \
	"	if [[ -z $wants && $cur == -* ]]; then\n"                                                \
	"		_@_options\n"                                                                           \
	"	elif [[ -z $wants && -z $command ]]; then\n"                                             \
	"		_@_words\n"                                                                             \
	"	elif [[ -z $wants ]]; then\n"                                                            \
	"		_@_operand\n"                                                                           \
	"		[[ -n $wants ]] || _@_options\n"                                                        \
	"	fi\n"

/* ---- bash ---- */

static void offer_bash(const struct script *s, const char *name, const char *help)
{
	(void)help;
	fprintf(s->out, "\t\t\t%s\n", name);
}

static void print_bash(struct script *s)
{
	s->offer = offer_bash;
	put(s, "# bash completion of ~, printed by: ~ completion bash\n\n");
	put_functions(s);
	put(s, "_@()\n"
	       "{\n"
	       "	local cur=${COMP_WORDS[COMP_CWORD]} line='' command='' wants='' word i\n"
	       "	local -a found=()\n\n"
	       "	COMPREPLY=()\n"
	       "	for ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "		word=${COMP_WORDS[i]}\n" WALK "	done\n"
	       "	[[ $cur != '=' ]] || cur=''\n" DECIDE "	case $wants in\n"
	       "	file)\n"
	       "		compopt -o filenames 2>/dev/null\n"
	       "		mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	       "		;;\n"
	       "	dir)\n"
	       "		compopt -o filenames 2>/dev/null\n"
	       "		mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
	       "		;;\n"
	       "	shell) found=(bash zsh fish) ;;\n"
	       "	session) mapfile -t found < <(" SESSIONS ") ;;\n"
	       "	esac\n"
	       "	[[ ${#found[@]} -eq 0 ]] ||\n"
	       "		mapfile -t COMPREPLY < <(compgen -W \"${found[*]}\" -- \"$cur\")\n"
	       "}\n"
	       "complete -F _@ ~\n");
}

/* ---- zsh ---- */

static void offer_zsh(const struct script *s, const char *name, const char *help)
{
	char text[256];

	snprintf(text, sizeof(text), "%s:%s", name, help);
	fputs("\t\t\t", s->out);
	put_quoted(s, text, false);
	fputc('\n', s->out);
}

static void print_zsh(struct script *s)
{
	s->offer = offer_zsh;
	put(s, "#compdef ~\n# zsh completion of ~, printed by: ~ completion zsh\n\n");
	put_functions(s);
	put(s, "_@()\n"
	       "{\n"
	       "	local cur=${words[CURRENT]} line='' command='' wants='' word i\n"
	       "	local -a found\n\n"
	       "	for ((i = 2; i < CURRENT; i++)); do\n"
	       "		word=${words[i]}\n"
	       "		[[ $word != --*=* ]] || continue\n" WALK "	done\n"
	       "	if [[ -z $wants && $cur == --*=* ]]; then\n"
	       "		_@_argument \"${cur%%=*}\"\n"
	       "		compset -P '*='\n"
	       "	fi\n" DECIDE "	case $wants in\n"
	       "	file) _files ;;\n"
	       "	dir) _files -/ ;;\n"
	       "	shell) compadd bash zsh fish ;;\n"
	       "	session) compadd -- $(" SESSIONS ") ;;\n"
	       "	word) _message argument ;;\n"
	       "	*) _describe -o '~' found ;;\n"
	       "	esac\n"
	       "}\n\n"
	       "if [[ ${funcstack[1]} == '_~' ]]; then\n"
	       "	_@ \"$@\"\n"
	       "else\n"
	       "	compdef _@ ~\n"
	       "fi\n");
}

/* ---- fish ---- */

static void print_fish_functions(const struct script *s)
{
	put(s, "function __@_command\n\tswitch \"$argv[1]\"\n");
	for (int two = 1; two >= 0; two--)
		for (size_t i = 1; i < s->cli->command_count; i++) {
			const char *name = command_at(s, i)->name;

			if ((strchr(name, ' ') != NULL) == two)
				fprintf(s->out, "\t\tcase '%s' '%s *'\n\t\t\techo '%s'\n", name,
					name, name);
		}
	put(s,
	    "\tend\nend\n\nfunction __@_takes_argument\n\tswitch \"$argv[1] $argv[2]\"\n\t\tcase '#'");
	for (size_t i = 0; i < s->cli->command_count; i++) {
		const struct jvpn_cli_command *c = command_at(s, i);

		for (size_t k = 0; k < c->option_count; k++) {
			const struct jvpn_cli_option *o = &c->options[k];

			if (o->arg && o->letter <= 255)
				fprintf(s->out, " '%s -%c'", name_of(c), o->letter);
			if (o->arg)
				fprintf(s->out, " '%s --%s'", name_of(c), o->name);
		}
	}
	put(s,
	    "\n\t\t\treturn 0\n\tend\n\treturn 1\nend\n\n"
	    "function __@_line\n"
	    "	set -l words (commandline -opc)\n"
	    "	set -l line\n"
	    "	set -l skip no\n"
	    "	for word in $words[2..-1]\n"
	    "		if test $skip = yes\n"
	    "			set skip no\n"
	    "			continue\n"
	    "		end\n"
	    "		switch $word\n"
	    "			case '-*'\n"
	    "				set -l command (__@_command \"$line\")\n"
	    "				__@_takes_argument \"$command\" $word; and set skip yes\n"
	    "			case '*'\n"
	    "				set -a line $word\n"
	    "		end\n"
	    "	end\n"
	    "	echo \"$line\"\n"
	    "end\n\n"
	    "function __@_line_is\n"
	    "	set -l line (__@_line)\n"
	    "	test \"$line\" = \"$argv[1]\"\n"
	    "end\n\n"
	    "function __@_at\n"
	    "	set -l line (__@_line)\n"
	    "	set -l command (__@_command \"$line\")\n"
	    "	test \"$command\" = \"$argv[1]\"\n"
	    "end\n\n"
	    "complete -c ~ -f\n");
}

static void put_fish(const struct script *s, const char *condition, const char *name,
		     const char *rest)
{
	fprintf(s->out, "complete -c %s -n \"__%s_%s '%s'\"%s", s->cli->program, s->id, condition,
		name, rest);
}

/* What is offered where an argument of this kind stands. */
static void put_fish_kind(const struct script *s, const char *kind)
{
	if (strcmp(kind, "file") == 0)
		put(s, " -F");
	else if (strcmp(kind, "dir") == 0)
		put(s, " -a '(__fish_complete_directories)'");
	else if (strcmp(kind, "shell") == 0)
		put(s, " -a 'bash zsh fish'");
	else if (strcmp(kind, "session") == 0)
		put(s, " -a '(~ sessions --json 2>/dev/null | string match -rg "
		       "\\'\"session_id\":\"([0-9a-f]+)\"\\')'");
}

static void print_fish_command(const struct script *s, const struct jvpn_cli_command *c)
{
	for (size_t k = 0; k < c->option_count; k++) {
		const struct jvpn_cli_option *o = &c->options[k];

		put_fish(s, "at", name_of(c), "");
		if (o->letter <= 255)
			fprintf(s->out, " -s %c", o->letter);
		fprintf(s->out, " -l %s%s", o->name, o->arg ? " -r" : "");
		if (o->arg)
			put_fish_kind(s, kind_of(o->arg));
		put(s, " -d ");
		put_quoted(s, o->help, true);
		put(s, "\n");
	}
	if (!c->name || !c->operand)
		return;
	put_fish(s, is_repeated(c) ? "at" : "line_is", c->name, "");
	put_fish_kind(s, kind_of(c->operand));
	put(s, "\n");
}

static void print_fish(struct script *s)
{
	put(s, "# fish completion of ~, printed by: ~ completion fish\n\n");
	print_fish_functions(s);
	for (size_t i = 0; i < s->cli->command_count; i++) {
		const struct jvpn_cli_command *c = command_at(s, i);
		const char *blank = c->name ? strchr(c->name, ' ') : NULL;

		print_fish_command(s, c);
		if (!c->name)
			continue;
		if (first_like(s, i) == i) {
			put_fish(s, "line_is", "", "");
			fprintf(s->out, " -a %.*s -d ", (int)first_word(c->name), c->name);
			put_quoted(s, blank ? "commands of two words" : c->help, true);
			put(s, "\n");
		}
		if (!blank)
			continue;
		fprintf(s->out, "complete -c %s -n \"__%s_line_is '%.*s'\" -a %s -d ",
			s->cli->program, s->id, (int)first_word(c->name), c->name, blank + 1);
		put_quoted(s, c->help, true);
		put(s, "\n");
	}
}

int jvpn_complete_print(const struct jvpn_cli *cli, const char *shell, FILE *stream)
{
	struct script s = {.cli = cli, .out = stream};

	snprintf(s.id, sizeof(s.id), "%s", cli->program);
	for (char *c = s.id; *c; c++)
		if (*c == '-')
			*c = '_';
	if (strcmp(shell, "bash") == 0)
		print_bash(&s);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(&s);
	else if (strcmp(shell, "fish") == 0)
		print_fish(&s);
	else
		return JVPN_EINVAL;
	return fflush(stream) == 0 && !ferror(stream) ? 0 : JVPN_EIO;
}
