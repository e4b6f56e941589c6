# SPDX-License-Identifier: GPL-2.0-only
#
# NVIDIA H200, PCIe 5.0 x16, 16 cores and 128 GiB of RAM in a virtual machine,
# driver 580.159.04, CUDA 13.0. "row" is a row of the measurements listed in
# docs/simulated-time.md; "GEMM" is their matrix product table.

title = NVIDIA H200

vram_mib = 143155                # 139.8 GiB, the measured card's total
vram_read_gb_per_s = 4500        # row L7
vram_copy_gb_per_s = 4200        # row L7, read plus write
compute_capability = 9.0         # NVIDIA, CUDA GPU compute capability table
sm_count = 132                   # the measured card's attribute
l2_mib = 60                      # the measured card, 60 MB
matrix_tflop_per_s = 915         # GEMM, 4096 rows: 4.40e12 operations in 4.85 ms, less 8 x kernel_fixed_us; spec 989 dense
vector_tflop_per_s = 60          # estimate: 0.9 of the 67 of NVIDIA's H200 data sheet

link_up_gb_per_s = 55.3          # row L1
link_down_gb_per_s = 55.3        # row L1
link_duplex_gb_per_s = 100.5     # row L1, 100 to 101
copy_setup_us = 2.5              # row L2: 2 MiB take 40.7 us and 32 MiB 609 us, of which 37.9 and 607 are bytes / 55.3 GB/s
zerocopy_read_gb_per_s = 51.2    # row L3
zerocopy_write_gb_per_s = 52.5   # row L4
zerocopy_gather_gb_per_s = 512:30 2048:51 8192:51  # row L5
peer_gb_per_s = 394              # row M2, NVLink NV18

launch_host_us = 2.5             # estimate: an asynchronous launch on a current CPU takes 2 to 3 us; not in the measurements
kernel_fixed_us = 6              # GEMM, 1 row: (0.29 ms - 1 GiB / 4.5 TB/s) / 8 = 6.4
call_host_us = 0.3               # estimate: a query takes a fraction of a microsecond; not in the measurements
device_create_us = 2:15 64:19    # row V4
device_map_us = 2:2 64:1         # row V4
device_access_us = 2:36 64:36    # row V4
device_unmap_us = 2:22 64:23     # row V4
device_release_us = 2:17 64:53   # row V4
host_create_us = 2:547 64:15800  # row V5
host_map_us = 2:3 64:4           # row V5
host_access_us = 2:77 64:850     # row V5
host_unmap_us = 2:48 64:190      # row V5
host_release_us = 2:88 64:1900   # row V5

ram_mib = 131072                 # 128 GiB, the measured machine
ram_gb_per_s = 120               # row H5: 60 GB/s of memcpy on 16 threads read and write 120; a lower bound
register_4k_gb_per_s = 25.5      # row H3, 22 to 29
register_thp_gb_per_s = 53       # row H3, 51 to 55; one run of 4 GiB gave 12
register_hugetlb_gb_per_s = 50   # row H3
host_alloc_gb_per_s = 2.0        # row H4, 1.5 to 2.6
pageable_up_gb_per_s = 7.0       # row H7
pageable_down_gb_per_s = 7.0     # estimate: as upwards; not in the measurements
pageable_host_gb_per_s = 6.8     # row H7
pinned_host_gb_per_s = 6.1       # row H7
memcpy_write_gb_per_s = 1:8.8 4:31 16:60  # row H5
memcpy_read_gb_per_s = 1:6.4 16:60        # row H5

disk_read_gb_per_s = 1.6         # row H9, a virtual disk and not NVMe
disk_write_gb_per_s = 2.25       # row H9
disk_setup_us = 100              # estimate: a virtual disk's request; not in the measurements
