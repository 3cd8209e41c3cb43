/* SPDX-License-Identifier: PostgreSQL */
/* What was asked for: by the command line, or else by the files. Filled by conf_load(). */
#ifndef CONF_VALUES_H
#define CONF_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strvec.h"
#include "product/product.h"

/* Where the files are. */
#ifndef CONF_DIR
#define CONF_DIR "/etc/openresty"
#endif

enum conf_arguments {
	CONF_ACCOUNTS,  /* names of accounts; one that begins with "." is --host-suffix */
	CONF_DIRECTORY, /* one, as --directory */
	CONF_DUMP,      /* an account, and perhaps a table of it */
	CONF_SAVES,     /* up to two directories, and accounts */
};

/* What the command line has to know of a command. The table of them is the caller's. */
struct conf_command {
	const char *name;
	const char *alias; /* a name of the program that implies it; may be NULL */
	const char *usage; /* of its arguments, for --help */
	const char *help;
	enum conf_arguments arguments;
	bool takes_models; /* of other products; the others know OpenResty's only */
	bool needs_whole;  /* of those, only such as have objects = all */
	bool is_offline;   /* it needs no server */
	const char *const *options; /* besides those of every command; ends with NULL */
};

enum conf_backend { CONF_PG, CONF_PGFARM };

enum conf_progress { CONF_PROGRESS_AUTO, CONF_PROGRESS_ALWAYS, CONF_PROGRESS_NEVER };

/* Each is NULL when not given; "" is libpq's default, as for libpq itself. */
struct conf_connection {
	char *host;
	char *port; /* 1 to 65535, or a list such as "5432,5433" */
	char *user;
	char *password; /* never from the command line */
	char *dbname;   /* a name, key=value words or a URI */
};

struct conf {
	const struct conf_command *command; /* NULL with help or version */
	bool help;                          /* with help or version nothing else counts */
	bool version;

	struct strvec warnings; /* about the files, to be said once there is a log */
	char *config_path;      /* of -c; NULL: not given */
	struct strvec accounts; /* each once, in the order given; none is all of them */
	struct strvec saves;    /* directories, in the order given */
	char *table;            /* of the account; NULL: not given */
	char *model_name;       /* of a built-in one; NULL: OpenResty's */
	struct product_model model; /* of the files, and for the rest of that one */
	struct product product;     /* what these come to; it borrows from `model` */
	char *suffix;               /* of host names in a PgFarm; "" if there is none */
	char *directory;            /* without slashes at its end */

	/* Between the two comes libpq's environment. In `config` [metamodel] wins over
	 * [backend], whichever file they are in. */
	struct conf_connection command_line;
	struct conf_connection config;
	bool no_password;
	bool ask_password; /* not both */
	/* The account right behind --password, which may be a password; NULL: none. */
	char *doubtful;
	struct strvec looked_at; /* the config files: "PATH" or "PATH (not found)" */
	enum conf_backend backend;

	uint64_t jobs;      /* 0: as many as there are processors */
	uint64_t node_jobs; /* of them on one node; 0: no other bound */
	bool dry_run;
	bool quiet;
	bool verbose; /* not both */
	bool json;
	enum conf_progress progress;
	uint64_t timeout_s;   /* 0: none */
	uint64_t lock_wait_s; /* 0: without limit */
	uint64_t batch;       /* accounts for one pg_dump; 0: as many as is good */
	uint64_t keep;        /* saves to keep besides the newest */
	uint64_t keep_days;   /* 0: no such rule */
	uint64_t keep_weeks;
	uint64_t keep_months;
	bool strict;
	bool cascade;
	bool rehearse;
	bool from_other_database;
	bool as_superuser;
	char *to;         /* NULL: the newest version */
	char *show;       /* NULL: do not */
	char *migrations; /* NULL: the built-in ones */
	bool save_first;
	bool all; /* of a model: also tenants that are current */
	bool fail_fast;
	bool check;
	char *max_age;      /* as it was given; NULL: it was not */
	uint64_t max_age_s; /* 0: no bound */
	/* verify: where to load it, "": on the server as ever; NULL: do not. */
	char *load;
	bool live;           /* diff: the second save is the database */
	char *load_template; /* the database to begin with; NULL: an empty one */
	char *pg_bindir;     /* NULL: look for the tools */
};

#endif
