"""What people of the demo company write down, in English and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Sentences for one language; each entry stands for itself."""

    objectives: tuple[str, ...]
    purposes: tuple[str, ...]
    results: tuple[str, ...]
    next_steps: tuple[str, ...]
    their_steps: tuple[str, ...]
    consensus: tuple[str, ...]
    information: tuple[str, ...]
    subjects: tuple[str, ...]
    cancelled: tuple[str, ...]
    tasks: tuple[str, ...]
    supervised: tuple[str, ...]


ENGLISH = Words(
    objectives=(
        "Present the autumn range",
        "Agree the order for next quarter",
        "Introduce the new chef's line",
        "Renew the framework agreement",
        "Clear up the open delivery question",
        "Meet the new head of purchasing",
        "Taste the new confections",
        "Review last year's volumes",
    ),
    purposes=("new products", "contract", "relationship", "complaint", "price talks"),
    results=(
        "Samples were well received.\nThe list price is seen as high against two local suppliers.",
        "Volumes for the coming quarter agreed in principle. Delivery on Tuesdays is a must.",
        "The new purchasing manager wants fewer suppliers. We are on her short list.",
        "Nobody had time; a short talk at the counter only.",
        "They liked the seafood range. Freezer space is the limit, not the budget.",
        "Open invoice explained and settled. Mood much better at the end.",
    ),
    next_steps=(
        "Send the price list with volume steps",
        "Offer a trial pallet",
        "Call back with delivery dates",
        "Bring the chef's samples",
        "Prepare the draft contract",
    ),
    their_steps=(
        "Confirm the quantities",
        "Talk to the owner",
        "Send the sales figures of their shops",
        "None",
    ),
    consensus=(
        "Trial of three products until the end of the quarter.",
        "Prices stay fixed for six months.",
        "Delivery twice a week from next month.",
        "No agreement yet.",
    ),
    information=(
        "They told us who the second supplier is.",
        "We showed the sales figures of comparable shops.",
        "They open a second restaurant in spring.",
        "Our lead time drops to four days.",
    ),
    subjects=(
        "Question about an invoice",
        "Delivery dates",
        "Order by phone",
        "Invitation to the tasting",
        "New contact introduced",
        "Price for larger volumes",
    ),
    cancelled=("The customer is on holiday.", "Moved to next month at the customer's wish."),
    tasks=(
        "Send the offer",
        "Check the delivery status",
        "Prepare the visit",
        "Call about the open invoice",
        "Send samples",
        "Update the contact's details",
        "Ask for the contract draft",
        "Congratulate on the anniversary",
    ),
    supervised=(
        "Say by when the price list is agreed",
        "Find out why the last two orders were smaller",
    ),
)

CHINESE = Words(
    objectives=(
        "介绍秋季新品",
        "确认下季度订单",
        "续签框架协议",
        "拜访新任采购负责人",
        "解决到货延迟问题",
        "邀请参加品鉴会",
        "回顾全年采购量",
    ),
    purposes=("新品推介", "合同", "客情维护", "投诉处理", "价格谈判"),
    results=(
        "样品反馈很好。\n对方认为报价高于两家本地供应商。",
        "下季度采购量原则上已确定。必须每周二到货。",
        "新任采购经理希望减少供应商数量。我们在候选名单中。",
        "对方喜欢海鲜系列。限制在于冷库空间，而不是预算。",
        "已解释并结清未付发票。会谈结束时气氛明显好转。",
    ),
    next_steps=("发送阶梯报价单", "提供一托盘试销", "回电确认交货日期", "准备合同草案", "寄送样品"),
    their_steps=("确认数量", "向总经理汇报", "提供门店销售数据", "无"),
    consensus=(
        "季度末前试销三款产品。",
        "价格六个月内保持不变。",
        "下月起每周送货两次。",
        "尚未达成一致。",
    ),
    information=(
        "对方透露了第二供应商的名称。",
        "我们展示了同类门店的销售数据。",
        "对方明年春季将开第二家店。",
        "我们的交货期缩短到四天。",
    ),
    subjects=("发票问题", "交货时间", "电话下单", "品鉴会邀请", "介绍新联系人", "大批量采购价格"),
    cancelled=("客户休假。", "应客户要求改到下个月。"),
    tasks=(
        "发送报价",
        "跟进到货情况",
        "准备拜访资料",
        "催收未付款项",
        "寄送样品",
        "更新联系人信息",
        "索取合同草案",
        "节日问候",
    ),
    supervised=("答复价格表的确认时间", "查明最近两笔订单减少的原因"),
)


def words_in(*, chinese: bool) -> Words:
    """The sentences for an account's language."""
    return CHINESE if chinese else ENGLISH
