/* xml - WeChat v2's documents: one flat level of elements, by expat.
 *
 * A DOCTYPE ends the parsing where it stands, before anything in it is read, so that there is no
 * entity to expand and nothing external to fetch. */
#include "clients/cashier/params.h"
#include <expat.h>
#include <stdlib.h>

enum { XML_VALUE_MAX = 16 * 1024, XML_NAME_ROOM = 64 };

typedef struct {
    XML_Parser parser;
    params_t *params;
    const char *root;
    int depth;
    bool bad;
    char name[XML_NAME_ROOM];
    out_t value;
    char room[XML_VALUE_MAX];
} xml_t;

static void
xml_stop(xml_t *self)
{
    self->bad = true;
    (void)XML_StopParser(self->parser, XML_FALSE);
}

static void
xml_begin(void *argument, const XML_Char *name, const XML_Char **attributes)
{
    xml_t *self = argument;
    self->depth++;
    if (attributes[0] || self->depth > 2 ||
        (self->depth == 1 && self->root && strcmp(name, self->root) != 0)) {
        xml_stop(self);
        return;
    }
    out_init(&self->value, self->room, sizeof self->room);
    if (self->depth == 2 && !text_copy(text_of(name), self->name, sizeof self->name))
        xml_stop(self);
}

static void
xml_end(void *argument, const XML_Char *name)
{
    xml_t *self = argument;
    (void)name;
    if (self->depth-- == 2 &&
        (self->value.overflow ||
         !params_add(self->params, text_of(self->name), (text_t){ self->room, self->value.size })))
        xml_stop(self);
}

static void
xml_text(void *argument, const XML_Char *text, int size)
{
    xml_t *self = argument;
    if (self->depth == 2) {
        out_put(&self->value, text, (size_t)size);
        return;
    }
    for (int i = 0; i < size; i++)
        if (!strchr(" \t\r\n", text[i]) || text[i] == 0) {
            xml_stop(self);
            return;
        }
}

static void
xml_doctype(void *argument, const XML_Char *name, const XML_Char *system, const XML_Char *public,
            int subset)
{
    (void)name, (void)system, (void)public, (void)subset;
    xml_stop(argument);
}

static void
xml_instruction(void *argument, const XML_Char *target, const XML_Char *data)
{
    (void)target, (void)data;
    xml_stop(argument);
}

bool
params_read_xml(params_t *self, const char *root, text_t body)
{
    bool good = false;
    params_clear(self);
    xml_t *xml = body.size && body.size <= PARAMS_BYTES ? calloc(1, sizeof *xml) : NULL;
    if (xml && (xml->parser = XML_ParserCreate("UTF-8"))) {
        xml->params = self;
        xml->root = root;
        out_init(&xml->value, xml->room, sizeof xml->room);
        XML_SetUserData(xml->parser, xml);
        XML_SetElementHandler(xml->parser, xml_begin, xml_end);
        XML_SetCharacterDataHandler(xml->parser, xml_text);
        XML_SetStartDoctypeDeclHandler(xml->parser, xml_doctype);
        XML_SetProcessingInstructionHandler(xml->parser, xml_instruction);
        good = XML_Parse(xml->parser, body.data, (int)body.size, 1) == XML_STATUS_OK && !xml->bad;
        XML_ParserFree(xml->parser);
    }
    free(xml);
    return good && self->count > 0 && !self->full;
}

void
params_write_xml(const params_t *self, out_t *to)
{
    out_text(to, "<xml>");
    for (uint32_t i = 0; i < self->count; i++) {
        const char *name = self->list[i].name.data;
        out_format(to, "<%s>", name);
        out_xml(to, self->list[i].value);
        out_format(to, "</%s>", name);
    }
    out_text(to, "</xml>");
}
