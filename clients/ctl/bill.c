/* bill - see bill.h for the contract. */
#include "clients/ctl/bill.h"
#include "clients/cashier/yuan.h"

typedef enum { BILL_ORDER, BILL_TXN, BILL_KIND, BILL_PAID, BILL_BACK, BILL_NUMBER, BILLS } column_t;

struct bill_form {
    const char *provider;
    const char *names[BILLS];
    const char *refund; /* the kind of a line that is a refund */
    bool negative;      /* what was paid back stands below zero */
};

static const bill_form_t bill_forms[] = {
    { "wxpay",
      { "商户订单号", "微信订单号", "交易状态", "订单金额", "申请退款金额", "商户退款单号" },
      "REFUND",
      false },
    { "wxpay2",
      { "商户订单号", "微信订单号", "交易状态", "订单金额", "申请退款金额", "商户退款单号" },
      "REFUND",
      false },
    { "alipay",
      { "商户订单号", "支付宝交易号", "业务类型", "订单金额（元）", "订单金额（元）",
        "退款批次号/请求号" },
      "退款",
      true },
};

bool
bill_open(bill_t *self, const char *provider, FILE *file)
{
    memset(self, 0, sizeof *self);
    self->file = file;
    for (size_t i = 0; i < sizeof bill_forms / sizeof bill_forms[0]; i++)
        if (strcmp(bill_forms[i].provider, provider) == 0)
            self->form = &bill_forms[i];
    return self->form != NULL;
}

/* Blanks, tabs, quotes and the backquote that WeChat puts before each value. */
static text_t
bill_trim(text_t text)
{
    while (text.size && strchr(" \t\r\n`\"", text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && strchr(" \t\r\n\"", text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Values with a comma stand in quotes, or begin with a backquote behind the comma. */
static int
bill_cut(char *line, text_t *columns)
{
    int count = 0;
    const char *separator = line[0] == '`' ? ",`" : ",";
    char *at = line;
    while (count < BILL_COLUMNS_MAX) {
        char *end = NULL;
        if (*at == '"' && separator[1] == 0) {
            end = strstr(at + 1, "\",");
            end = end ? end + 1 : NULL;
        } else
            end = strstr(at, separator);
        size_t size = end ? (size_t)(end - at) : strlen(at);
        columns[count++] = bill_trim((text_t){ at, size });
        if (!end)
            break;
        at = end + 1;
    }
    return count;
}

static bool
bill_head(bill_t *self, const text_t *columns, int count)
{
    for (int wanted = 0; wanted < BILLS; wanted++) {
        self->at[wanted] = -1;
        for (int i = 0; i < count; i++)
            if (text_is(columns[i], self->form->names[wanted]))
                self->at[wanted] = i;
    }
    return self->at[BILL_ORDER] >= 0 && self->at[BILL_TXN] >= 0 && self->at[BILL_KIND] >= 0 &&
           self->at[BILL_PAID] >= 0 && self->at[BILL_BACK] >= 0;
}

static text_t
bill_column(const bill_t *self, const text_t *columns, int count, column_t wanted)
{
    int at = self->at[wanted];
    return at >= 0 && at < count ? columns[at] : (text_t){ "", 0 };
}

static bool
bill_read(const bill_t *self, const text_t *columns, int count, bill_line_t *line)
{
    line->order = bill_column(self, columns, count, BILL_ORDER);
    line->txn = bill_column(self, columns, count, BILL_TXN);
    line->refund_number = bill_column(self, columns, count, BILL_NUMBER);
    line->refund = text_is(bill_column(self, columns, count, BILL_KIND), self->form->refund);
    text_t amount = bill_column(self, columns, count, line->refund ? BILL_BACK : BILL_PAID);
    if (line->refund && self->form->negative && amount.size && amount.data[0] == '-')
        amount = (text_t){ amount.data + 1, amount.size - 1 };
    return line->order.size && yuan_read(amount, &line->amount);
}

/* A mark of the byte order before the first line; comments begin with '#'; the summary at the end
 * begins with a head of its own. */
int
bill_next(bill_t *self, bill_line_t *line)
{
    static const char mark[] = "\xef\xbb\xbf", summary[] = "总交易单数";
    text_t columns[BILL_COLUMNS_MAX];
    while (fgets(self->line, sizeof self->line, self->file)) {
        char *text = self->line;
        self->number++;
        if (!strchr(text, '\n') && !feof(self->file))
            return -1;
        if (self->number == 1 && strncmp(text, mark, 3) == 0)
            text += 3;
        text[strcspn(text, "\r\n")] = 0;
        if (*text == '#' || *text == 0)
            continue;
        if (strncmp(text, summary, sizeof summary - 1) == 0)
            return 0;
        int count = bill_cut(text, columns);
        if (self->headed)
            return bill_read(self, columns, count, line) ? 1 : -1;
        if (!bill_head(self, columns, count))
            return -1;
        self->headed = true;
    }
    return self->headed ? 0 : -1;
}
