/* planted_wire.c - the parser of the wire with a mistake in it, to prove that fuzz_wire finds one:
 * audio of a length that 7 divides comes out a byte too long.
 */
#define bunghole_parser_feed correct_feed
#include "../transport/bunghole_wire.c"
#undef bunghole_parser_feed

enum bunghole_parse bunghole_parser_feed(struct bunghole_parser *parser, const uint8_t *bytes,
                                         size_t size, size_t *used, struct bunghole_item *item);

enum bunghole_parse bunghole_parser_feed(struct bunghole_parser *parser, const uint8_t *bytes,
                                         size_t size, size_t *used, struct bunghole_item *item) {
    enum bunghole_parse result = correct_feed(parser, bytes, size, used, item);
    if (result == BUNGHOLE_PARSE_ITEM && item->kind == BUNGHOLE_ITEM_AUDIO && item->size % 7 == 0) {
        item->size++;
    }
    return result;
}
