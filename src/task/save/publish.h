/* SPDX-License-Identifier: PostgreSQL */
/*
 * The last step: write the manifest and swap the new save in. It blocks, and cannot be
 * cancelled.
 * Errors: if is_swapped is set, the new save is in place, but something after the swap
 * failed.
 */
#ifndef TASK_SAVE_PUBLISH_H
#define TASK_SAVE_PUBLISH_H

#include "task/machine.h"

enum step_result save_publish_enter(void *owner);

#endif
