// SPDX-License-Identifier: GPL-2.0-only
/* Three functions of NVML, each with an answer of its own; one is missing. */
int nvmlInit_v2(void);
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int size);
int nvmlDeviceGetCount_v2(unsigned int *count);

int nvmlInit_v2(void)
{
	return 101;
}

int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int size)
{
	return size == 7 ? 102 : 0;
}

int nvmlDeviceGetCount_v2(unsigned int *count)
{
	*count = 9;
	return 103;
}
