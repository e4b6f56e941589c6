/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RIVALS_H
#define RIVALS_H

#define RIVAL 31

int cudaMalloc(void);
int cudnnCreate(void);
int cublasCreate_v2(void);
int nvmlInit_v2(void);
int curl_easy_init(void);
int cu(void);
int cuMemAlloc_v2(void);

#endif
