/* SPDX-License-Identifier: PostgreSQL */
/* The facts that are OpenResty's own: what its schemas and tables are called. */
#ifndef PRODUCT_PRODUCT_H
#define PRODUCT_PRODUCT_H

/* The account that comes before all others. */
#define PRODUCT_GLOBAL "_global"

/* The table and column of _global that list the accounts. */
#define PRODUCT_ACCOUNTS_TABLE "_accounts"
#define PRODUCT_ACCOUNTS_COLUMN "name"

/* The table and column that hold an account's version, in each account. */
#define PRODUCT_VERSION_TABLE "_general"
#define PRODUCT_VERSION_COLUMN "version"

#endif
