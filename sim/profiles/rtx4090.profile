# SPDX-License-Identifier: GPL-2.0-only
#
# GeForce RTX 4090 24 GB, PCIe 4.0 x16, 16 cores and 64 GB of dual-channel
# DDR5-5600. "row" is a row of docs/simulated-time.md, of another machine.

title = NVIDIA GeForce RTX 4090

vram_mib = 24564                 # what nvidia-smi shows
vram_read_gb_per_s = 920         # clpeak, github.com/krrishnarraj/clpeak issue 106; spec 1008
vram_copy_gb_per_s = 920         # p2pBandwidthLatencyTest 918 to 924, github.com/tinygrad/open-gpu-kernel-modules issue 6
compute_capability = 8.9         # NVIDIA, CUDA GPU compute capability table
sm_count = 128                   # NVIDIA's Ada white paper
l2_mib = 72                      # NVIDIA's Ada white paper
matrix_tflop_per_s = 159         # fp16 matmul of 8192, github.com/mli/transformers-benchmarks issue 4; spec 165 dense
vector_tflop_per_s = 76          # clpeak, the same run, 71 to 77 at a lowered power limit; spec 82.6

link_up_gb_per_s = 25.1          # FreeToken's measurement; 23.9 to 26.4 in github.com/NVIDIA/nvbandwidth issue 15
link_down_gb_per_s = 26.7        # github.com/NVIDIA/nvbandwidth issue 15, 26.2 to 27.1
link_duplex_gb_per_s = 46        # estimate: 0.91 of twice the one-way rate, as row L1; not every board gets there
copy_setup_us = 2.5              # estimate: row L2
zerocopy_read_gb_per_s = 11.5    # estimate: as reported for the RTX 5070 on the same link, where the kernel, not the link, is the limit
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

ram_mib = 65536                  # 64 GB, as such machines have
ram_gb_per_s = 72                # estimate: 0.8 of 89.6, two channels of DDR5-5600
register_4k_gb_per_s = 22        # estimate: the lower end of row H3 of the H200's machine
register_thp_gb_per_s = 50       # estimate: the same
register_hugetlb_gb_per_s = 50   # estimate: the same
host_alloc_gb_per_s = 1.8        # background pinning as reported publicly, 1.8 GB/s; row H4 gives 1.5 to 2.6
pageable_up_gb_per_s = 7.0       # estimate: row H7, one CPU thread's copy on either machine
pageable_down_gb_per_s = 7.0     # estimate: the same
pageable_host_gb_per_s = 6.8     # estimate: row H7
pinned_host_gb_per_s = 6.1       # estimate: row H7
memcpy_write_gb_per_s = 1:11 4:28 16:34  # estimate: one thread somewhat above row H5, then what memory of ram_gb_per_s allows
memcpy_read_gb_per_s = 1:9 4:26 16:34  # estimate: the same

disk_read_gb_per_s = 5.6         # PCIe 4.0 NVMe as measured for a PNY drive in the ZeRO-Inference reports; spec 7
disk_write_gb_per_s = 4.5        # estimate: writes of such a drive outside its cache reach about 0.8 of its reads
disk_setup_us = 80               # estimate: flash read latency of such a drive
