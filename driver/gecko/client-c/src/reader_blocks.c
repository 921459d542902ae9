/* reader_blocks.c - the times of a frame: looking an entry up in the block table of v2. */
#include "gecko_memory.h"
#include "reader_private.h"

/* False when the entry no longer holds block `number`, or is being written. */
static bool read_entry(const struct gecko_reader *reader, uint64_t number,
                       struct gecko_block *block) {
    const unsigned char *entry = reader->base + reader->blocks_offset +
                                 (number & (reader->block_count - 1)) * GECKO_V2_BLOCK_BYTES;
    if (gecko_load_u64(entry, GECKO_V2_BLOCK_SEQUENCE) != number + 1) {
        return false;
    }
    block->number = number;
    block->first_frame = gecko_load_u64(entry, GECKO_V2_BLOCK_FIRST_FRAME);
    block->host_time = gecko_load_u64(entry, GECKO_V2_BLOCK_HOST_TIME);
    block->output_time = gecko_load_u64(entry, GECKO_V2_BLOCK_OUTPUT_TIME);
    block->output_sample_time = gecko_load_f64(entry, GECKO_V2_BLOCK_OUTPUT_SAMPLE_TIME);
    block->frames = gecko_load_u32(entry, GECKO_V2_BLOCK_FRAMES);
    block->flags = gecko_load_u32(entry, GECKO_V2_BLOCK_FLAGS);
    block->cycle = gecko_load_u64(entry, GECKO_V2_BLOCK_CYCLE);
    return gecko_load_u64(entry, GECKO_V2_BLOCK_SEQUENCE) == number + 1;
}

/* Blocks that lie between `frame` and the block behind it, if they have the length of that one. At
 * least 1; a header that lies may say that blocks are empty. */
static uint64_t blocks_back(const struct gecko_block *block, uint64_t frame) {
    uint64_t frames = block->frames != 0 ? block->frames : 1;
    uint64_t missing = block->first_frame - frame;
    return missing / frames + (missing % frames != 0);
}

static bool holds(const struct gecko_block *block, uint64_t frame) {
    return frame >= block->first_frame && frame - block->first_frame < block->frames;
}

/* Blocks of a device have one length for hours, so a jump back by what the newest says nearly
 * always hits. Where lengths differ it may jump too far; from there it goes forward one by one. */
static bool search(const struct gecko_reader *reader, uint64_t frame, uint64_t head,
                   struct gecko_block *block) {
    uint64_t oldest = head > reader->block_count ? head - reader->block_count : 0;
    uint64_t at = head - 1;
    bool forward = false;
    for (uint32_t step = 0; step <= reader->block_count && head != 0; step++) {
        bool whole = read_entry(reader, at, block);
        if (whole && holds(block, frame)) {
            return true;
        }
        if (whole && frame < block->first_frame) {
            if (forward || at == oldest) {
                return false;
            }
            uint64_t back = blocks_back(block, frame);
            at = back < at - oldest ? at - back : oldest;
        } else {
            /* Too old, or overwritten meanwhile, as then all older ones are. */
            forward = true;
            if (++at == head) {
                return false;
            }
        }
    }
    return false;
}

bool gecko_reader_find_block(struct gecko_reader *reader, uint64_t frame,
                             struct gecko_block *block) {
    if (reader->format.layout != 2) {
        return false;
    }
    /* Most ask for one block after the other. */
    bool found = (read_entry(reader, reader->next_block, block) && holds(block, frame)) ||
                 search(reader, frame, gecko_load_u64(reader->base, GECKO_V2_BLOCK_HEAD), block);
    if (found) {
        reader->next_block = block->number + 1;
    }
    return found;
}
