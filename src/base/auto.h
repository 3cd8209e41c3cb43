/* SPDX-License-Identifier: PostgreSQL */
/* Local variables that are released with their scope. Never in a function that also
 * uses `goto out`. */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static inline void auto_free_(void *p)
{
	free(*(void **)p);
}

static inline void auto_close_(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void auto_closedir_(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define AUTO_FREE __attribute__((cleanup(auto_free_)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close_)))
#define AUTO_CLOSEDIR __attribute__((cleanup(auto_closedir_)))
#define AUTO_STRBUF __attribute__((cleanup(strbuf_release)))
#define AUTO_STRVEC __attribute__((cleanup(strvec_release)))

#endif
