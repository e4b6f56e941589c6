# SPDX-License-Identifier: GPL-2.0-only
#
# GeForce RTX 3060 12 GB, PCIe 4.0 x16, six cores and 32 GB of dual-channel
# DDR4-3200. "row" is a row of docs/simulated-time.md, of another machine.

title = NVIDIA GeForce RTX 3060

vram_mib = 12288                 # 12 GiB, NVIDIA's specification of the card
vram_read_gb_per_s = 329         # estimate: 360 GB/s (192 bit GDDR6, 15 Gbit/s; NVIDIA) x 0.913, the RTX 4090's share
vram_copy_gb_per_s = 329         # estimate: the same; copying reaches what reading does on the RTX 4090
compute_capability = 8.6         # NVIDIA, CUDA GPU compute capability table
sm_count = 28                    # NVIDIA's specification of the card
l2_mib = 3                       # NVIDIA's specification of the chip, GA106
matrix_tflop_per_s = 25.4        # PyTorch bf16 matmul 8192, github.com/zzc0721/torch-performance-test-data issue 131
vector_tflop_per_s = 9.1         # fp32 vec4, vkpeak, github.com/nihui/vkpeak issue 6; spec 12.7

link_up_gb_per_s = 25.3          # PCIe 4.0 x16: 25.1 to 25.3 on the RTX 4090 and 3090, FreeToken's and BaM's reports
link_down_gb_per_s = 26.3        # PCIe 4.0 x16: 26.2 to 27.1 on the RTX 4090, github.com/NVIDIA/nvbandwidth issue 15
link_duplex_gb_per_s = 46        # estimate: 0.91 of twice the one-way rate, as row L1
copy_setup_us = 2.5              # estimate: row L2
zerocopy_read_gb_per_s = 11.5    # estimate: as reported for the RTX 5070 on the same link
zerocopy_write_gb_per_s = 24     # estimate: 0.95 of the copy engine's rate, as row L4
zerocopy_gather_gb_per_s = 512:6.7 2048:11.5  # estimate: row L5 in proportion

launch_host_us = 2.5             # estimate: as for the H200; depends on the CPU
kernel_fixed_us = 4              # estimate: fewer SMs to start and drain than the 6 us of the H200
call_host_us = 0.3               # estimate: as for the H200
device_create_us = 2:15 64:19    # estimate: as measured for the H200, row V4
device_map_us = 2:2 64:1         # estimate: the same
device_access_us = 2:36 64:36    # estimate: the same
device_unmap_us = 2:22 64:23     # estimate: the same
device_release_us = 2:17 64:53   # estimate: the same
host_create_us = 2:547 64:15800  # estimate: as measured for the H200, row V5; it clears pages on one thread
host_map_us = 2:3 64:4           # estimate: the same
host_access_us = 2:77 64:850     # estimate: the same
host_unmap_us = 2:48 64:190      # estimate: the same
host_release_us = 2:88 64:1900   # estimate: the same

ram_mib = 32768                  # 32 GB, as such machines have
ram_gb_per_s = 41                # estimate: 0.8 of 51.2, two channels of DDR4-3200
register_4k_gb_per_s = 22        # estimate: the lower end of row H3 of the H200's machine
register_thp_gb_per_s = 50       # estimate: the same
register_hugetlb_gb_per_s = 50   # estimate: the same
host_alloc_gb_per_s = 1.8        # background pinning as reported publicly, 1.8 GB/s; row H4 gives 1.5 to 2.6
pageable_up_gb_per_s = 7.0       # estimate: row H7, one CPU thread's copy on either machine
pageable_down_gb_per_s = 7.0     # estimate: the same
pageable_host_gb_per_s = 6.8     # estimate: row H7
pinned_host_gb_per_s = 6.1       # estimate: row H7
memcpy_write_gb_per_s = 1:8.8 4:17 6:18  # estimate: one thread as row H5, then what memory of ram_gb_per_s allows; staging copies of 11 to 18 GB/s are reported publicly
memcpy_read_gb_per_s = 1:6.4 4:15 6:18  # estimate: the same

disk_read_gb_per_s = 5.6         # PCIe 4.0 NVMe as measured for a PNY drive in the ZeRO-Inference reports; spec 7
disk_write_gb_per_s = 4.5        # estimate: writes of such a drive outside its cache reach about 0.8 of its reads
disk_setup_us = 80               # estimate: flash read latency of such a drive
